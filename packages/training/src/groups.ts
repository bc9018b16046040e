import { booleanOption, checkOptions, checkValue, numberFrom, ValueError, type OptionCheck } from "@convlens/backend";
import type { Variable } from "@convlens/tensor";
import { learningRateOption, type Schedule } from "./schedules.ts";

/** Options of the parameters that match. Where several groups match, each option is that of the first group that has it. */
export interface ParameterGroup {
  /** The beginning of a path (`"layers.0"`), a pattern, or a function of the path and the parameter. */
  readonly match: string | RegExp | ((path: string, parameter: Variable) => boolean);
  /**
   * Learning rate of these parameters in place of the optimizer's, like `lr` of a parameter group in PyTorch: a rate of at
   * least 0 or a schedule of it, not a factor. Default: the optimizer's.
   */
  readonly learningRate?: number | Schedule | undefined;
  /** Weight decay of these parameters in place of the optimizer's. */
  readonly weightDecay?: number | undefined;
  /**
   * Whether the parameters stay as they are, to the bit. A layer whose parameters are all frozen also keeps and uses its
   * running statistics. Default: false.
   */
  readonly frozen?: boolean | undefined;
}

/** Group without weight decay for biases and for scales and shifts of normalisation: parameters of at most one axis. */
export const noDecay: ParameterGroup = { match: (_, { rank }) => rank <= 1, weightDecay: 0 };

const matchOption: OptionCheck = (value) =>
  typeof value === "string" || typeof value === "function" || value instanceof RegExp
    ? undefined
    : "a path, a pattern or a function";

/** Accepts arrays of groups, whose options {@link checkGroups} checks. */
export const groupsOption: OptionCheck = (value) =>
  Array.isArray(value) ? undefined : "an array of groups { match, learningRate, weightDecay, frozen }";

/** @throws `ValueError` for a group whose options are unknown or wrong. */
export function checkGroups(groups: readonly ParameterGroup[]): void {
  for (const [i, group] of groups.entries()) {
    const owner = `groups[${i}]`;
    checkOptions(owner, group, {
      match: matchOption,
      learningRate: learningRateOption,
      weightDecay: numberFrom(0),
      frozen: booleanOption,
    });
    checkValue(owner, "match", group.match, matchOption);
  }
}

const matches = ({ match }: ParameterGroup, path: string, parameter: Variable): boolean =>
  typeof match === "string"
    ? path === match || path.startsWith(`${match}.`)
    : match instanceof RegExp
      ? // Unlike test, search does not begin where a pattern with the flag g or y last matched.
        path.search(match) >= 0
      : match(path, parameter);

/** A parameter that learns, with the options of its groups. */
export interface GroupedParameter {
  readonly path: string;
  readonly parameter: Variable;
  readonly learningRate: number | Schedule;
  readonly weightDecay: number | undefined;
}

/**
 * The parameters that learn; frozen ones are left out.
 *
 * @param learningRate - Of the parameters that no group gives one.
 * @throws `ValueError` for a group that matches no parameter, or whose options are unknown or wrong.
 */
export function learningParameters(
  parameters: ReadonlyMap<string, Variable>,
  groups: readonly ParameterGroup[],
  learningRate: number | Schedule,
): GroupedParameter[] {
  checkGroups(groups);
  const all = [...parameters];
  for (const group of groups)
    if (group !== noDecay && !all.some(([path, parameter]) => matches(group, path, parameter)))
      throw new ValueError({
        operation: "groups",
        problem: `${typeof group.match === "function" ? "a function" : `"${group.match.toString()}"`} matches no parameter`,
        fix: `parameters are ${[...parameters.keys()].join(", ")}`,
      });
  return all.flatMap(([path, parameter]) => {
    const own = groups.filter((group) => matches(group, path, parameter));
    const first = <K extends keyof ParameterGroup>(option: K): ParameterGroup[K] | undefined =>
      own.find((group) => group[option] !== undefined)?.[option];
    if (first("frozen")) return [];
    return [
      { path, parameter, learningRate: first("learningRate") ?? learningRate, weightDecay: first("weightDecay") },
    ];
  });
}
