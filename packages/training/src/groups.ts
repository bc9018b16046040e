import { booleanOption, checkOptions, checkValue, numberFrom, ValueError, type OptionCheck } from "@convlens/backend";
import type { Variable } from "@convlens/tensor";

/** Parameters that are treated apart: those whose path matches. */
export interface ParameterGroup {
  /** Which: a part of the path (`"layers.0"`), a pattern, or a function. */
  readonly match: string | RegExp | ((path: string) => boolean);
  /** What the learning rate is multiplied by, at least 0. Default: 1. */
  readonly rate?: number;
  /**
   * Whether they stay as they are, to the bit. A layer whose parameters are all frozen keeps and uses its running statistics,
   * too. Default: false.
   */
  readonly frozen?: boolean;
}

const isMatch: OptionCheck = (value) =>
  typeof value === "string" || typeof value === "function" || value instanceof RegExp
    ? undefined
    : "a path, a pattern or a function";

/** @throws `ValueError` for a group whose options are unknown or wrong. */
export function checkGroups(groups: readonly ParameterGroup[]): void {
  for (const [i, group] of groups.entries()) {
    const owner = `groups[${i}]`;
    checkOptions(owner, group, { match: isMatch, rate: numberFrom(0), frozen: booleanOption });
    checkValue(owner, "match", group.match, isMatch);
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
 * What the rate of each parameter is multiplied by; frozen ones are left out. The first group that matches decides.
 *
 * @throws `ValueError` for a group that matches no parameter, or whose options are unknown or wrong.
 */
export function rateFactors(
  parameters: ReadonlyMap<string, Variable>,
  groups: readonly ParameterGroup[],
): Map<string, number> {
  checkGroups(groups);
  for (const group of groups)
    if (![...parameters.keys()].some((path) => matches(group, path)))
      throw new ValueError(
        `groups: ${typeof group.match === "function" ? "a function" : `"${group.match.toString()}"`} matches no parameter; there are ${[...parameters.keys()].join(", ")}`,
        { operation: "groups", expected: [...parameters.keys()], got: group.match },
      );
  const factors = new Map<string, number>();
  for (const path of parameters.keys()) {
    const group = groups.find((each) => matches(each, path));
    if (!group?.frozen) factors.set(path, group?.rate ?? 1);
  }
  return factors;
}
