/** Longest text that {@link show} makes of an array. */
const LONGEST = 60;

/** Shows a value in an error message: short, and never a whole array. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === "function") return value.name === "" ? "a function" : `the function ${value.name}`;
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value !== "object" || value === null) return String(value);
  if (!Array.isArray(value)) return `an object (${value.constructor?.name ?? "Object"})`;
  const items = value.length > LONGEST / 2 ? undefined : `[${value.map(show).join(", ")}]`;
  return items === undefined || items.length > LONGEST ? `an array of ${value.length}` : items;
}
