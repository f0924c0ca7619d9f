"""Evidence: what this node can prove to others, and the signed heads of its journal."""
