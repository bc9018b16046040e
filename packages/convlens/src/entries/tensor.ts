export * from "@convlens/tensor";
