export * from "@convlens/datasets/node";
