import { sizeOf, type Shape } from "@convlens/backend";
import { Variable } from "@convlens/tensor";

/** Variable that training keeps beside the parameters. It begins as zeros and does not learn. */
export const stateVariable = (name: string, shape: Shape): Variable =>
  new Variable(() => new Float32Array(sizeOf(shape)), shape, { name, trainable: false });
