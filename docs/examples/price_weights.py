"""The weights of the price formula, fitted to an operator's four customers. See docs/worked-example.md.

    P = P_base * (1 + alpha * D + beta * E + gamma * R)

D demand (0..1), E price elasticity (-1..1), R churn risk (0..1), P in rupees per month. The fit is ordinary least
squares over the rupees. Floats will do here: the policy takes the weights from this as decimals of 4 digits.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

BASE = 500.0
CUSTOMERS = np.array(
    [
        # D     E    R    price
        (0.3, -0.3, 0.1, 525.0),
        (0.0, -0.8, 0.2, 450.0),
        (0.0, -0.5, 0.8, 425.0),
        (0.0, -0.6, 0.3, 465.0),
    ]
)
INPUTS, PRICES = CUSTOMERS[:, :3], CUSTOMERS[:, 3]


def fit() -> np.ndarray:
    """alpha, beta and gamma with the least sum of squared differences from the table's prices."""
    weights: np.ndarray = np.linalg.lstsq(BASE * INPUTS, PRICES - BASE, rcond=None)[0]
    return weights


def fitted(weights: np.ndarray) -> np.ndarray:
    """The four prices that the weights give, in rupees."""
    prices: np.ndarray = BASE * (1 + INPUTS @ weights)
    return prices


def missed_by_pairs() -> list[tuple[int, int, int, float]]:
    """Customers 2 to 4 two at a time, both met exactly, and by how many rupees the third is missed."""
    found = []
    for one, other in combinations((1, 2, 3), 2):
        (third,) = {1, 2, 3} - {one, other}
        pair = [one, other]
        beta, gamma = np.linalg.solve(BASE * INPUTS[pair, 1:], PRICES[pair] - BASE)
        price = BASE * (1 + INPUTS[third, 1] * beta + INPUTS[third, 2] * gamma)
        found.append((one + 1, other + 1, third + 1, float(price - PRICES[third])))
    return found


def main() -> None:
    weights = fit()
    for name, weight in zip(("alpha, demand    ", "beta, elasticity ", "gamma, churn risk"), weights, strict=True):
        print(f"{name}  {weight:+.4f}")
    print("\ncustomer     D     E     R   table   fitted  residual")
    for number, (row, price) in enumerate(zip(CUSTOMERS, fitted(weights), strict=True), start=1):
        demand, elasticity, risk, wanted = row
        # Adding nought turns a residual of -0.00 into 0.00.
        residual = round(price - wanted, 2) + 0.0
        inputs = f"{demand:4.1f}  {elasticity:4.1f}  {risk:4.1f}"
        print(f"{number:8}  {inputs}  {wanted:6.2f}  {price:7.2f}  {residual:+8.2f}")
    print()
    for one, other, third, missed in missed_by_pairs():
        print(f"{one} and {other} met exactly: {third} is missed by {missed:+.2f}")


if __name__ == "__main__":
    main()
