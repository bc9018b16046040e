import { basename, extname } from "node:path";

/** The title of a model: its name, or that of its file. */
export const titleOf = (model: string): string => basename(model, extname(model));
