# What trained policies and references reach, and how they compare.


rule evaluate:
    input:
        policy="results/{study}/{benchmark}/{agent}/{method}/{block}/policy.pt",
        held_out="results/{study}/{benchmark}/contexts/held_out.parquet",
        train_contexts="results/{study}/{benchmark}/contexts/{block}.parquet",
        code=code("evaluate"),
    output:
        evaluation="results/{study}/{benchmark}/{agent}/{method}/{block}/evaluation.parquet",
        encodings="results/{study}/{benchmark}/{agent}/{method}/{block}/encodings.parquet",
    log:
        "results/{study}/logs/evaluate/{benchmark}/{agent}/{method}/{block}.log",
    benchmark:
        "results/{study}/benchmarks/evaluate/{benchmark}/{agent}/{method}/{block}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory("evaluate"),
        runtime=runtime("evaluate"),
    params:
        spec=spec("evaluate"),
    shell:
        "python -m meta_rl.steps.evaluate --policy {input.policy} --held-out {input.held_out}"
        " --train-contexts {input.train_contexts} --spec {params.spec:q}"
        " --evaluation {output.evaluation} --encodings {output.encodings} 2>&1 | tee {log}"


rule compare_predictors:
    input:
        encoder="results/{study}/{benchmark}/{agent}/{method}/{block}/encoder.pt",
        train_contexts="results/{study}/{benchmark}/contexts/{block}.parquet",
        held_out="results/{study}/{benchmark}/contexts/held_out.parquet",
        train_trajectories="results/{study}/{benchmark}/{agent}/{method}/{block}/trajectories/{block}.parquet",
        held_out_trajectories="results/{study}/{benchmark}/{agent}/{method}/{block}/trajectories/held_out.parquet",
        code=code("compare_predictors"),
    output:
        predictions="results/{study}/{benchmark}/{agent}/{method}/{block}/predictions.parquet",
    log:
        "results/{study}/logs/compare_predictors/{benchmark}/{agent}/{method}/{block}.log",
    benchmark:
        "results/{study}/benchmarks/compare_predictors/{benchmark}/{agent}/{method}/{block}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory("compare_predictors"),
        runtime=runtime("compare_predictors"),
    params:
        spec=spec("compare_predictors"),
    shell:
        "python -m meta_rl.steps.compare_predictors --encoder {input.encoder}"
        " --train-contexts {input.train_contexts} --held-out {input.held_out}"
        " --train-trajectories {input.train_trajectories} --held-out-trajectories {input.held_out_trajectories}"
        " --spec {params.spec:q} --predictions {output.predictions} 2>&1 | tee {log}"


rule evaluate_references:
    input:
        policies=files("results/{study}/{benchmark}/references/{agent}.pt", "benchmark"),
        contexts="results/{study}/{benchmark}/contexts/{part}.parquet",
        code=code("evaluate_references"),
    output:
        references="results/{study}/{benchmark}/references/{part}.parquet",
    log:
        "results/{study}/logs/evaluate_references/{benchmark}/{part}.log",
    benchmark:
        "results/{study}/benchmarks/evaluate_references/{benchmark}/{part}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory("evaluate_references"),
        runtime=runtime("evaluate_references"),
    params:
        spec=spec("evaluate_references"),
    shell:
        "python -m meta_rl.steps.evaluate_references --policies {input.policies}"
        " --contexts {input.contexts} --spec {params.spec:q}"
        " --references {output.references} 2>&1 | tee {log}"


rule score:
    input:
        evaluation=files(
            "results/{study}/{benchmark}/{agent}/{method}/{block}/evaluation.parquet",
            "benchmark",
        ),
        references=files(
            "results/{study}/{benchmark}/references/{part}.parquet", "benchmark"
        ),
        contexts=files(
            "results/{study}/{benchmark}/contexts/{part}.parquet", "benchmark"
        ),
        code=code("score"),
    output:
        scores="results/{study}/{benchmark}/scores.parquet",
    log:
        "results/{study}/logs/score/{benchmark}.log",
    benchmark:
        "results/{study}/benchmarks/score/{benchmark}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    params:
        spec=spec("score"),
    shell:
        "python -m meta_rl.steps.score --evaluation {input.evaluation} --references {input.references}"
        " --contexts {input.contexts} --spec {params.spec:q} --scores {output.scores} 2>&1 | tee {log}"
