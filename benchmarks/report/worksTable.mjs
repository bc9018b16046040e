// Table of workloads with the times of all contestants.
import { milliseconds, percent, rateOf, table } from "./format.mjs";

const cells = (work, figure) =>
  figure.median === undefined
    ? [figure.absent ?? "failed", "", ""]
    : [milliseconds(figure.median), rateOf(work, figure).text, percent(figure.share)];

/** @param rows - `work`, and `figures` by id of the contestant. */
export const worksTable = (rows, contestants) =>
  table(
    ["", "", ...contestants.flatMap(({ name }) => ["ms", name, "of peak"])],
    rows.map(({ work, figures }) => [
      work.name,
      work.title,
      ...contestants.flatMap(({ id }) => cells(work, figures[id])),
    ]),
    2,
  );
