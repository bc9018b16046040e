export * from "@convlens/backend-cpu/lazy";
