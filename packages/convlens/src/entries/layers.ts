export * from "@convlens/layers";
