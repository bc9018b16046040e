export * from "@convlens/datasets";
