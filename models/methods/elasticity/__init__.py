"""Price elasticity: slopes with fixed effects, groups drawn to what they have in common, willingness to pay."""
