import { ValueError } from "@convlens/backend";
import { LONGEST_SIDE, MOST_PIXELS } from "./pixels.ts";

/** What is wrong with a file, in one sentence that names it. */
export const imageError = (name: string, what: string, fix: string, cause?: unknown): ValueError =>
  new ValueError(`${name} ${what}; ${fix}`, {
    operation: "image",
    got: name,
    fix,
    ...(cause !== undefined && { cause }),
  });

/** A file that begins as it should and does not go on so. */
export const damagedError = (name: string, kind: string, cause?: unknown): ValueError => {
  const why = cause instanceof Error ? ` (${cause.message.replace(/:$/, "")})` : "";
  return imageError(name, `is a ${kind} file that is damaged or cut off${why}`, "give a whole one", cause);
};

/** Refuses what would not fit into memory, before anything is decoded. */
export function checkSize(name: string, width: number, height: number): void {
  const why =
    width * height === 0
      ? "none at all"
      : width * height > MOST_PIXELS
        ? `more than the ${MOST_PIXELS / 1e6} million that are opened`
        : Math.max(width, height) > LONGEST_SIDE
          ? `a side of more than the ${LONGEST_SIDE} that are opened`
          : undefined;
  if (why !== undefined) throw imageError(name, `has ${width} × ${height} pixels, ${why}`, "make it smaller first");
}
