"""What headers do, whatever the family writes them like."""
