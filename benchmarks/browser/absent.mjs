/** Error of a workload that a library cannot run. */
export class Absent extends Error {}
