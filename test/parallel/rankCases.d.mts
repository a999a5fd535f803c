export const cases: Record<string, object>;
