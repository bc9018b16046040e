import { ValueError } from "@convlens/backend";
import { LONGEST_SIDE, MOST_PIXELS } from "./pixels.ts";

/** The error of an image file, in one sentence that names it. */
export const imageError = (name: string, what: string, fix: string, cause?: unknown): ValueError =>
  new ValueError({ problem: `${name} ${what}`, fix, cause });

/** The error of a damaged or incomplete file. */
export const damagedError = (name: string, kind: string, cause?: unknown): ValueError => {
  const why = cause instanceof Error ? ` (${cause.message.replace(/:$/, "")})` : "";
  return imageError(name, `is a ${kind} file that is damaged or incomplete${why}`, "give a complete file", cause);
};

/** Refuses an image that would not fit into memory, before it is decoded. */
export function checkSize(name: string, width: number, height: number): void {
  const why =
    width * height === 0
      ? "none"
      : width * height > MOST_PIXELS
        ? `more than the supported ${MOST_PIXELS / 1e6} million`
        : Math.max(width, height) > LONGEST_SIDE
          ? `a side of more than the supported ${LONGEST_SIDE}`
          : undefined;
  if (why !== undefined) throw imageError(name, `has ${width} × ${height} pixels, ${why}`, "make it smaller first");
}
