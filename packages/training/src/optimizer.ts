import type { Shape } from "@convlens/backend";
import { Variable, type Operand, type Tensor } from "@convlens/tensor";

/** One parameter, and what is known of it in one step. */
export interface ParameterUpdate {
  /** Its name in the model. */
  readonly path: string;
  readonly parameter: Variable;
  /** Of the loss. */
  readonly gradient: Tensor;
  /** The learning rate. */
  readonly rate: Operand;
}

/** Records, for each parameter, its next value and that of the optimizer's own memory. */
export interface Optimizer {
  /** What is kept between steps, under names like `velocity.layers.0.filters`; made when it is first asked for. */
  state(parameters: ReadonlyMap<string, Variable>): ReadonlyMap<string, Variable>;
  /** Assigns all parameters their next values. */
  update(updates: readonly ParameterUpdate[]): void;
}

/** The memory of an optimizer: variables under names, made when first needed. */
export class OptimizerState {
  readonly #variables: Map<string, Variable> = new Map();

  /** The variable of this name. */
  get(name: string, shape: Shape, initial = 0): Variable {
    let variable = this.#variables.get(name);
    if (variable === undefined) {
      const make = (): Float32Array => {
        const zeros = new Float32Array(shape.reduce((a, b) => a * b, 1));
        // What is never written takes no memory of its own.
        return initial === 0 ? zeros : zeros.fill(initial);
      };
      variable = new Variable(make, shape, { name, trainable: false });
      this.#variables.set(name, variable);
    }
    return variable;
  }

  /** For each slot and parameter a variable of the parameter's shape. */
  all(parameters: ReadonlyMap<string, Variable>, slots: readonly string[]): ReadonlyMap<string, Variable> {
    for (const [path, { shape }] of parameters) for (const slot of slots) this.get(`${slot}.${path}`, shape);
    return this.#variables;
  }
}
