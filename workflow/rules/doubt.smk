# How much trained policies are doubted, context by context.


rule deploy:
    input:
        job("deploy"),
        policy="results/{study}/{benchmark}/{agent}/{method}/{block}/policy.pt",
        held_out="results/{study}/{benchmark}/contexts/held_out.parquet",
        train_contexts="results/{study}/{benchmark}/contexts/{block}.parquet",
    output:
        deployment="results/{study}/{benchmark}/{agent}/{method}/{block}/deployment.parquet",
        watched="results/{study}/{benchmark}/{agent}/{method}/{block}/watched.pt",
    log:
        "results/{study}/logs/deploy/{benchmark}/{agent}/{method}/{block}.log",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory("deploy"),
        runtime=runtime("deploy"),
    shell:
        "python -m meta_rl.study.attempt {log} deploy --job {input.job} --policy {input.policy}"
        " --held-out {input.held_out} --train-contexts {input.train_contexts}"
        " --deployment {output.deployment} --watched {output.watched}"


rule fit_monitor:
    input:
        job("fit_monitor", doubts=doubts_of_others),
        watched="results/{study}/{benchmark}/{agent}/{method}/{block}/watched.pt",
        deployment="results/{study}/{benchmark}/{agent}/{method}/{block}/deployment.parquet",
        train_references=references("{block}", "shortfall"),
        held_out_references=references("held_out", "shortfall", "validation"),
    output:
        monitor="results/{study}/{benchmark}/{agent}/{method}/{block}/monitors/{estimator}.pt",
    log:
        "results/{study}/logs/fit_monitor/{benchmark}/{agent}/{method}/{block}/{estimator}.log",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory("fit_monitor"),
        runtime=runtime("fit_monitor"),
    shell:
        "python -m meta_rl.study.attempt {log} fit_monitor --job {input.job} --watched {input.watched}"
        " --deployment {input.deployment} --train-references {input.train_references}"
        " --held-out-references {input.held_out_references} --monitor {output.monitor}"


rule score_uncertainty:
    input:
        job("score_uncertainty", doubts=doubts_of_others),
        watched="results/{study}/{benchmark}/{agent}/{method}/{block}/watched.pt",
        monitor=monitor,
    output:
        uncertainty="results/{study}/{benchmark}/{agent}/{method}/{block}/uncertainty/{estimator}.parquet",
    log:
        "results/{study}/logs/score_uncertainty/{benchmark}/{agent}/{method}/{block}/{estimator}.log",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory("score_uncertainty"),
        runtime=runtime("score_uncertainty"),
    shell:
        "python -m meta_rl.study.attempt {log} score_uncertainty --job {input.job} --watched {input.watched}"
        " --monitor {input.monitor} --uncertainty {output.uncertainty}"
