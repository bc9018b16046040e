export * from "@convlens/backend-cpu";
