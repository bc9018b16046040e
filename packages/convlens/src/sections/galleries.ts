import { html, type Html } from "../page/html.ts";

/** Examples that are shown of each kind. */
const SHOWN = 8;

/**
 * Figures of evenly chosen examples, and of the worst.
 *
 * @param errors - How wrong the answer for each example is.
 * @param about - A sentence about the worst.
 */
export async function galleries(
  errors: readonly number[],
  about: string,
  figureOf: (index: number) => Html | Promise<Html>,
): Promise<Html> {
  const count = Math.min(SHOWN, errors.length);
  const some = Array.from({ length: count }, (_, i) => Math.floor((i * errors.length) / count));
  const worst = errors
    .map((_, i) => i)
    .sort((a, b) => errors[b]! - errors[a]!)
    .slice(0, SHOWN);
  const show = async (indices: readonly number[]): Promise<Html[]> => {
    const shown: Html[] = [];
    for (const index of indices) shown.push(await figureOf(index));
    return shown;
  };
  return html`<div class="gallery">${await show(some)}</div>
    <h3>Worst examples</h3>
    <p>${about}</p>
    <div class="gallery">${await show(worst)}</div>`;
}
