export * from "@convlens/training";
