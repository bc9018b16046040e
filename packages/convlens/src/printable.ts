/**
 * Replaces control characters other than line ends and tabs. Names in files could otherwise move the cursor of a terminal or
 * hide earlier output.
 */
export const printable = (text: string): string =>
  // oxlint-disable-next-line no-control-regex
  text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
