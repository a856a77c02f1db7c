"""Questions with a yes or no: does a feature act, can a context be solved, is a result up to date?"""
