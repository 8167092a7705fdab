"""Estimators of scikit-learn as models: what was fitted becomes S of a kernel that predicts alike.

scikit-learn is never imported: who has an estimator has imported it.
"""
