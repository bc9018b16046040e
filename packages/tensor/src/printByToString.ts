/** Makes `console.log` in Node show the string of an object of this class. */
export function printByToString(Class: { readonly prototype: object }): void {
  Object.defineProperty(Class.prototype, Symbol.for("nodejs.util.inspect.custom"), {
    value(this: object): string {
      return String(this);
    },
  });
}
