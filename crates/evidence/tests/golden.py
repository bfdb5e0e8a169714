"""Prints the numbers of `golden.rs`, and the tails of `src/bootstrap.rs`.

    pip install scipy==1.17.1 statsmodels==0.15.0
    python golden.py
"""

from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower

for differences in (
    [0.012, 0.004, 0.009, 0.015, 0.001],
    [0.02, -0.01],
    [0.01, 0.011, 0.009],
    [0.3, -0.2, 0.1, 0.05, -0.04, 0.07, 0.2, 0.11],
):
    print("p", differences, stats.ttest_1samp(differences, 0).pvalue)

print("corrected p", multipletests([0.01, 0.04, 0.03, 0.005, 0.6], method="holm")[1])

for size, alpha in ((0.5, 0.05), (1, 0.05), (0.2, 0.05 / 3), (1.5, 0.05 / 3), (3, 0.05)):
    pairs = TTestPower().solve_power(effect_size=size, alpha=alpha, power=0.8)
    print("pairs", size, alpha, pairs)

for n in (6, 10, 30):
    print("tail", n, stats.norm.cdf(-stats.t.ppf(0.975, n - 1) * (n / (n - 1)) ** 0.5))
