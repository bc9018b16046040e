import { softmax, type Tensor } from "@convlens/tensor";

/** The probabilities of a classifier: the softmax of its output, unless its last operation is a softmax. */
export const sharesOf = (output: Tensor): Tensor => (output.operation === "softmax" ? output : softmax(output));
