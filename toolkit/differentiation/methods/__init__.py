"""The five kinds of offer, each a question: what it would cost and bring on the baskets of the past."""
