/** What a system cannot do. */
export class Absent extends Error {}
