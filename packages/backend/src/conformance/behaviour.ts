import { memory } from "./behaviour/memory.ts";
import { programs } from "./behaviour/programs.ts";
import type { Behaviour } from "./behaviour/setting.ts";
import { specialValues } from "./behaviour/specialValues.ts";
import { updates } from "./behaviour/updates.ts";

/** Tests of everything but single operations. */
export const behaviour: Behaviour = { ...specialValues, ...programs, ...updates, ...memory };
