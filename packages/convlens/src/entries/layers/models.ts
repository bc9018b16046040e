export * from "@convlens/layers/models";
