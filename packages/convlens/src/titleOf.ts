import { basename, extname } from "node:path";

/** What a model is called: its name, or that of its file. */
export const titleOf = (model: string): string => basename(model, extname(model));
