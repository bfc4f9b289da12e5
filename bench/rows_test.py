"""Tests of the rows: python3 -m unittest discover -s bench -p '*_test.py'"""
import json
import unittest

import rows


class Rows(unittest.TestCase):
    def test_the_ratio_is_to_the_best_rival_that_was_measured(self):
        row = rows.Row("x", "ns", 20.0, {"slow": 80.0, "fast": 10.0, "absent": None}, "<= 30", True)
        self.assertEqual(row.as_json()["ratio"], 2.0)
        rate = rows.Row("x", "rows/s", 20.0, {"slow": 2.0, "fast": 10.0}, more_is_better=True)
        self.assertEqual(rate.as_json()["ratio"], 2.0)
        self.assertIsNone(rows.Row("x", "ns", None, {"fast": 10.0}).as_json()["ratio"])
        json.dumps(row.as_json())

    def test_spread_is_median_and_quartiles(self):
        self.assertEqual(rows.spread([5, 1, 3, 2, 4]), (3, (2, 4)))
        self.assertEqual(rows.spread([7]), (7, (7, 7)))

    def test_the_table_fits_eighty_columns_and_says_what_was_missed(self):
        lines = list(rows.table([rows.Row("getppid, armed", "ns", 98.4, {f"rival {i}": 1000.0 * i for i in range(1, 9)}, "<= 30", False, (97, 99)),
                                 rows.Row("nothing measured", "ns", None)]))
        self.assertLessEqual(max(map(len, lines)), 80)
        self.assertIn("NO", lines[1])
        self.assertIn("-", lines[-1])


if __name__ == "__main__":
    unittest.main()
