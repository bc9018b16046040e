export * from "@convlens/backend";
