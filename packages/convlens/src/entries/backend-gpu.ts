export * from "@convlens/backend-gpu";
