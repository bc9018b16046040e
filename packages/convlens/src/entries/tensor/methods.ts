export * from "@convlens/tensor/methods";
