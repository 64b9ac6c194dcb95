"""Hash as the network's SDK does: cases as JSON on standard input, their hashes as JSON on standard output."""

import json
import sys

from masumi.helper_functions import create_masumi_input_hash, create_masumi_output_hash

hashes = [
    create_masumi_output_hash(case["result"], case["purchaser"])
    if "result" in case
    else create_masumi_input_hash(case["input"], case["purchaser"])
    for case in json.load(sys.stdin)
]
json.dump(hashes, sys.stdout)
