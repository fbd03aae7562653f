#!/bin/bash
# Nothing is exported: the recipe has no configs.
