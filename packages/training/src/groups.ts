import { booleanOption, checkOptions, checkValue, ValueError, type OptionCheck } from "@convlens/backend";
import type { Variable } from "@convlens/tensor";
import { learningRateOption, type Schedule } from "./schedules.ts";

/** Options of the parameters whose path matches. */
export interface ParameterGroup {
  /** The beginning of a path (`"layers.0"`), a pattern, or a function. */
  readonly match: string | RegExp | ((path: string) => boolean);
  /**
   * Learning rate of these parameters in place of the optimizer's, like `lr` of a parameter group in PyTorch: a rate of at
   * least 0 or a schedule of it, not a factor. Default: the optimizer's.
   */
  readonly learningRate?: number | Schedule | undefined;
  /**
   * Whether the parameters stay as they are, to the bit. A layer whose parameters are all frozen also keeps and uses its
   * running statistics. Default: false.
   */
  readonly frozen?: boolean;
}

const matchOption: OptionCheck = (value) =>
  typeof value === "string" || typeof value === "function" || value instanceof RegExp
    ? undefined
    : "a path, a pattern or a function";

/** Accepts arrays of groups, whose options {@link checkGroups} checks. */
export const groupsOption: OptionCheck = (value) =>
  Array.isArray(value) ? undefined : "an array of groups { match, learningRate, frozen }";

/** @throws `ValueError` for a group whose options are unknown or wrong. */
export function checkGroups(groups: readonly ParameterGroup[]): void {
  for (const [i, group] of groups.entries()) {
    const owner = `groups[${i}]`;
    checkOptions(owner, group, { match: matchOption, learningRate: learningRateOption, frozen: booleanOption });
    checkValue(owner, "match", group.match, matchOption);
  }
}

const matches = ({ match }: ParameterGroup, path: string): boolean =>
  typeof match === "string"
    ? path === match || path.startsWith(`${match}.`)
    : match instanceof RegExp
      ? // Unlike test, search does not begin where a pattern with the flag g or y last matched.
        path.search(match) >= 0
      : match(path);

/**
 * Learning rate of each parameter that learns, by path; frozen parameters are left out. The first group that matches
 * decides.
 *
 * @param learningRate - Of the parameters that no group gives one.
 * @throws `ValueError` for a group that matches no parameter, or whose options are unknown or wrong.
 */
export function learningRates(
  parameters: ReadonlyMap<string, Variable>,
  groups: readonly ParameterGroup[],
  learningRate: number | Schedule,
): Map<string, number | Schedule> {
  checkGroups(groups);
  for (const group of groups)
    if (![...parameters.keys()].some((path) => matches(group, path)))
      throw new ValueError({
        operation: "groups",
        problem: `${typeof group.match === "function" ? "a function" : `"${group.match.toString()}"`} matches no parameter`,
        fix: `parameters are ${[...parameters.keys()].join(", ")}`,
      });
  const rates = new Map<string, number | Schedule>();
  for (const path of parameters.keys()) {
    const group = groups.find((each) => matches(each, path));
    if (!group?.frozen) rates.set(path, group?.learningRate ?? learningRate);
  }
  return rates;
}
