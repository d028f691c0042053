"""The judgement of halowatch: resonance fits and trained networks."""
