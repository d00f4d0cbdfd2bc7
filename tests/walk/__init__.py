"""One person's way through the running product, in a real browser and over the real API.

`make walk` goes it on the running demo and compares every figure on the way: the pages', the
API's, the chain's, the certificate's and the public trace's.
"""
