/** Numbers at equal, round distances that cover a range. */
export function ticks(low: number, high: number, count = 5): number[] {
  const rough = (high - low) / count || 1;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * unit).find((size) => size >= rough)!;
  const found: number[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++)
    found.push(+(i * step).toPrecision(12));
  return found;
}

/** Round numbers of a logarithmic axis: 1, 2 and 5 times powers of ten; where those are many, powers, or every n-th power. */
export function logTicks(low: number, high: number, count = 6): number[] {
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const powers = (every: number, factors: readonly number[]): number[] => {
    const found: number[] = [];
    for (let power = Math.ceil(first / every) * every; power <= last; power += every)
      for (const factor of factors) found.push(+(factor * 10 ** power).toPrecision(12));
    return found.filter((x) => x >= low * (1 - 1e-9) && x <= high * (1 + 1e-9));
  };
  const fine = powers(1, [1, 2, 5]);
  if (fine.length < 2) return ticks(low, high, count);
  return fine.length <= count + 2 ? fine : powers(Math.max(1, Math.ceil((last - first) / count)), [1]);
}
