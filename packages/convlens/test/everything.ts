// All exports of all packages in one namespace.
export * from "@convlens/analysis";
export * from "@convlens/analysis/render";
export * from "@convlens/backend";
export * from "@convlens/backend-cpu";
export * from "@convlens/backend-gpu";
export * from "@convlens/backend-reference";
export * from "@convlens/datasets";
export * from "@convlens/interop";
export * from "@convlens/layers";
export * from "@convlens/layers/models";
export * from "@convlens/tensor";
export * from "@convlens/training";
// A name of two packages.
export { concat } from "@convlens/tensor";
