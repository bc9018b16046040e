/**
 * x to the power of y: a product for the integer part of y up to 1023, and a root or an exponential for the rest, which loses least
 * precision. A negative x has integer powers only. 1 to any power, and any x⁰, is 1.
 */
export const powerOf = `function powerOf(x, y) {
  if (y === 0) {
    return 1;
  }
  if (x === 1) {
    return 1;
  }
  if (y === 0.5) {
    return Math.sqrt(x);
  }
  const size = Math.abs(y);
  const whole = Math.floor(size);
  const part = size - whole;
  if (size < 1024) {
    let result = 1;
    let square = x;
    let left = whole;
    for (let bit = 0; bit < 10; bit++) {
      const half = Math.floor(left * 0.5);
      if (left > 2 * half) {
        result = result * square;
      }
      if (half > 0) {
        square = square * square;
      }
      left = half;
    }
    if (part === 0.5) {
      result = result * Math.sqrt(x);
    } else {
      if (part > 0) {
        result = result * exponential(part * logarithm(x));
      }
    }
    if (y < 0) {
      return 1 / result;
    }
    return result;
  }
  if (part === 0) {
    if (x < 0) {
      const value = exponential(y * logarithm(-x));
      if (whole - 2 * Math.floor(whole * 0.5) > 0.5) {
        return -value;
      }
      return value;
    }
  }
  return exponential(y * logarithm(x));
}`;
