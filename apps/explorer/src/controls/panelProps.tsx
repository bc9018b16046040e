import type { ReadonlySignal } from "@preact/signals";
import type { JSX } from "preact";
import type { ChoiceField, Field, StateOf, WholeField } from "../fields.ts";
import { Check } from "./Check.tsx";
import { Choice } from "./Choice.tsx";
import { Slider, type SliderProps } from "./Slider.tsx";

/** Names of the fields of a kind. */
type NamesOf<F, Kind> = { [N in keyof F]: F[N] extends Kind ? N : never }[keyof F] & string;
type OptionOf<F, N extends keyof F> = StateOf<F>[N] & string;

/** Properties of a view: the state of its panel, a function that changes it, and the controls of its fields. */
export interface PanelProps<F> {
  readonly signal: ReadonlySignal<StateOf<F>>;
  /** The present state. A component that reads it is rendered again when it changes. */
  readonly state: StateOf<F>;
  readonly set: (change: Partial<StateOf<F>>) => void;
  /** A slider of a whole number; `more` narrows it, or shows another value. */
  readonly slider: (
    name: NamesOf<F, WholeField>,
    label: string,
    more?: Partial<Pick<SliderProps, "most" | "value" | "onChange">>,
  ) => JSX.Element;
  /** The options of a choice, all of them visible. */
  readonly choice: <N extends NamesOf<F, ChoiceField<string>>>(
    name: N,
    label: string,
    names?: Readonly<Record<OptionOf<F, N>, string>>,
  ) => JSX.Element;
  /** A box to tick. */
  readonly check: (name: NamesOf<F, Field<boolean>>, label: string) => JSX.Element;
}

/** The properties of a view for a panel's fields and state. */
export function panelProps<F extends object>(
  fields: F,
  signal: PanelProps<F>["signal"],
  set: PanelProps<F>["set"],
): PanelProps<F> {
  const all = fields as Readonly<Record<string, unknown>>;
  const bound = (name: string, label: string) => ({
    label,
    value: (signal.value as Readonly<Record<string, never>>)[name] as never,
    onChange: (value: unknown) => set({ [name]: value } as Partial<StateOf<F>>),
  });
  return {
    signal,
    get state() {
      return signal.value;
    },
    set,
    slider: (name, label, more) => (
      <Slider key={name} field={all[name] as WholeField} {...bound(name, label)} {...more} />
    ),
    choice: (name, label, names) => (
      <Choice<string>
        options={(all[name] as ChoiceField<string>).options}
        {...bound(name, label)}
        {...(names && { nameOf: (option: string) => names[option as keyof typeof names] })}
      />
    ),
    check: (name, label) => <Check {...bound(name, label)} />,
  };
}
