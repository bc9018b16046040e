import { softmax, type Tensor } from "@convlens/tensor";

/** The shares that a classifier gives to its classes: of logits by softmax, unless its last operation is one. */
export const sharesOf = (output: Tensor): Tensor => (output.operation === "softmax" ? output : softmax(output));
