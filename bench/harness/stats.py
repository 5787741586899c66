"""Medians, ratios and percentiles. The histogram layout is that of bench/common/histogram.hpp."""

import statistics

SUB_BITS = 5


def bucket_bounds(index):
    """The smallest and the largest value a bucket counts."""
    if index < 1 << SUB_BITS:
        return index, index
    shift = (index >> SUB_BITS) - 1
    low = (index - (shift << SUB_BITS)) << shift
    return low, low + (1 << shift) - 1


def merge(histograms):
    merged = {}
    for buckets in histograms:
        for index, count in buckets:
            merged[index] = merged.get(index, 0) + count
    return merged


def percentile(merged, fraction):
    """The middle of the bucket that holds the percentile, or None without enough samples: of
    fewer than 1/(1-fraction) samples the percentile would only be the maximum."""
    total = sum(merged.values())
    if total == 0 or total * (1 - fraction) < 1 - 1e-9:
        return None
    rank, seen = fraction * total, 0
    for index in sorted(merged):
        seen += merged[index]
        if seen >= rank:
            low, high = bucket_bounds(index)
            return (low + high) / 2
    return None


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def paired_ratios(values, base):
    """Round by round, so that what slows a whole round down cancels out."""
    return [v / b for v, b in zip(values, base) if b > 0]
