export * from "@convlens/training/node";
