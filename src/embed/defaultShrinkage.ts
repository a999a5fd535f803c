/** Share of the correlations that whitening takes away: what docs/recipe.md found to be good, and safe for a few hundred recordings. */
export const DEFAULT_SHRINKAGE = 0.5;
