export * from "@convlens/backend/math";
